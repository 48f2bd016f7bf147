"""A chat completion with nothing but an HTTP client."""

import os

import httpx

response = httpx.post(
    "https://api.openai.com/v1/chat/completions",
    headers={"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"},
    json={"model": "gpt-5-mini", "messages": [{"role": "user", "content": "Why is the sky blue?"}]},
    timeout=60,
)
response.raise_for_status()
print(response.json()["choices"][0]["message"]["content"])
