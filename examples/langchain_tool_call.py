"""A LangChain agent with a tool: the model calls it, LangChain runs it, the model answers."""

from langchain.agents import create_agent
from langchain_openai import ChatOpenAI


def add(a: float, b: float) -> float:
    """Add two numbers."""
    return a + b


agent = create_agent(ChatOpenAI(model="gpt-5-mini"), tools=[add])
prompt = "add 20 to the answer to life, the universe and everything"
for message in agent.invoke({"messages": [{"role": "user", "content": prompt}]})["messages"]:
    message.pretty_print()
