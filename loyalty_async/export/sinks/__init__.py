"""Where an export can go; what a sink needs beside this package is imported when it is opened."""
