"""Responses with OpenAI's client: a question, and one that builds on it."""

from openai import OpenAI

client = OpenAI()
first = client.responses.create(model="gpt-5-mini", input="Name a river in Europe.")
print(first.output_text)
second = client.responses.create(model="gpt-5-mini", input="And how long is it?", previous_response_id=first.id)
print(second.output_text)
