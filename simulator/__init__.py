"""A pretend open platform in a process of its own: it imports nothing of the console, nothing imports it."""
