"""`roomtally doctor`: is everything there that the service needs, is it as it should be, and what to do where it is not."""
