"""Between mitmproxy's flows and the rest: the only package that reads flows."""
