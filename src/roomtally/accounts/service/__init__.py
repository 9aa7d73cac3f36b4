"""What accounts can do; transactions begin and end here."""
