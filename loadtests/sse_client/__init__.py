"""A measuring client for Server-Sent Events: opens thousands of streams and says what arrived, how late, and what was missing."""
