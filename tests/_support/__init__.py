"""What the tests share: clocks, guards, profiles and the running of documentation snippets."""
