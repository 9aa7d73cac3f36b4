"""Photo files in an object store: a local folder by default, any S3, GCS or Azure URL by setting."""
