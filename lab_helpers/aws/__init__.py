"""A real AWS account as a backend: who you are is shown, you say yes, and a guard looks at every call."""
