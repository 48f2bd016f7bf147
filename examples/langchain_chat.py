"""A prompt and a model with LangChain."""

from langchain_core.prompts import ChatPromptTemplate
from langchain_openai import ChatOpenAI

chain = ChatPromptTemplate.from_template("Tell me a joke about {topic}.") | ChatOpenAI(model="gpt-5-mini")
print(chain.invoke({"topic": "proxies"}).text)
