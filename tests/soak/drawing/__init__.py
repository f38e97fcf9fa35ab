"""What happens in a scenario, drawn from its seed before anything is played."""
