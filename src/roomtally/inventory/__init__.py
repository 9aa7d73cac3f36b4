"""What moves house: volumes, their sums with a range, and the two routes that show them."""
