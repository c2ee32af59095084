// Package model asks a language model: the chat completions of OpenAI, of a server that speaks the same (vLLM, Ollama,
// llama.cpp, LiteLLM), or of an Azure OpenAI deployment. It hands over a constant text as the system message and one JSON
// document as the user message, and answers the JSON object that came back. What is in that object is for the caller to
// judge: a model may answer anything.
//
// The settings of OpenAI's own programs (OPENAI_API_KEY and others) are not read. Redirects are not followed, answers are
// bounded, and the key stands in no error.
package model
