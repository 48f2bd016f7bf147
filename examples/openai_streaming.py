"""A streamed answer with OpenAI's client, printed as it arrives, with the tokens that it took."""

from openai import OpenAI

stream = OpenAI().chat.completions.create(
    model="gpt-5-mini",
    messages=[{"role": "user", "content": "Tell me about the sea, in a few words."}],
    stream=True,
    stream_options={"include_usage": True},
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)
    if chunk.usage:
        print(f"\n({chunk.usage.total_tokens} tokens)")
