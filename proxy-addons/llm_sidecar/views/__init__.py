"""How calls are shown. Views read calls; they never parse what went over the wire."""
