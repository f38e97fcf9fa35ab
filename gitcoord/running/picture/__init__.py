"""What is shown of the work as it is now; pure, from plan, journal and landings alone."""
