"""Somebody's script: LangChain."""

import sys

from langchain_openai import ChatOpenAI

print(ChatOpenAI(model="gpt-5").invoke(sys.argv[1]).content)
