// Package modeltest is a stand-in for a language model in tests: a real HTTP server that speaks the chat completions of
// OpenAI, or of an Azure OpenAI deployment, as far as a caller goes. It checks paths, keys and versions as they do, keeps
// what it was asked, answers as a test says, and fails as it is told to.
package modeltest
