"""Any OpenAI-compatible vision endpoint: one picture a question, one JSON answer by a strict schema."""
