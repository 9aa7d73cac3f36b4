"""The model files (made by the build, see MODELS.md), their licences, and the manifest both sides check them by."""
