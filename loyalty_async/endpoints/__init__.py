"""The endpoints, one file for each of the vendors' documents."""
