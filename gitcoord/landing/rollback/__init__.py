"""Taking what a level landed back out of the base, as one proven commit."""
