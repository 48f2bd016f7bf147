"""Trust and routing: what makes clients accept the proxy, and the proxy accept private CAs upstream."""
