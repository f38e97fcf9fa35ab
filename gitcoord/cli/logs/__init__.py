"""Logs of attempts and checks: finds, fetches, follows and prints them."""
