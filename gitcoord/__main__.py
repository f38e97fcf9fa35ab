"""`python -m gitcoord`."""

from gitcoord.cli.main import run

if __name__ == "__main__":
    run()
