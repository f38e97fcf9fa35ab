"""What running side by side has brought so far; pure, from the journal."""
