// Package pipeline says what a pipeline is: a job whose steps are jobs of their own, its children. A step that has
// succeeded is not done again, neither by a later attempt of the pipeline nor by a new one that begins further on.
package pipeline
