"""Somebody's app: FastAPI and the async SDK, no word of a proxy."""

import fastapi
import openai

app = fastapi.FastAPI()
client = openai.AsyncOpenAI()


@app.get("/ask")
async def ask(prompt: str) -> str:
    answer = await client.chat.completions.create(model="gpt-5", messages=[{"role": "user", "content": prompt}])
    return answer.choices[0].message.content or ""
