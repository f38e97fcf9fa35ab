"""What starts next, decided purely; and what that predicts."""
