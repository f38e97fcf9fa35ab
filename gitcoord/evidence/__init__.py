"""Evidence: which work the base holds, which was taken back, and which branches nothing needs any more."""
