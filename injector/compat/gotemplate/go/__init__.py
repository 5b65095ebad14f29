"""Go's values, and how Go writes, compares and looks into them."""
