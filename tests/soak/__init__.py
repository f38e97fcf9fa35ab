"""Many random landings on an emulated GitHub that fails in every way it knows; `scripts/soak` runs them."""
