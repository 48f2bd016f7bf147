"""LLM sidecar: shows what an app really sends to a model, as addons of mitmweb."""
