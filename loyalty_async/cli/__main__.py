"""`python -m loyalty_async.cli`, for where no script is installed."""

from __future__ import annotations

from loyalty_async.cli import main

if __name__ == "__main__":
    main()
