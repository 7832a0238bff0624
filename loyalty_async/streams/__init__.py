"""What endpoints return: queries that send nothing until they are iterated, and the streams that come of them."""
