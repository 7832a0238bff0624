"""What HTTP requests and answers mean, without sending any."""
