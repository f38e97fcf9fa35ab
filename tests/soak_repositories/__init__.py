"""Random landings of a level over three repositories while things go wrong: drawn, played, judged."""
