"""Go's values, and how Go prints, compares and accesses them."""
