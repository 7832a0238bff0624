"""Does opening + entries = closing, and where does it first go wrong?"""
