package handlers

import _ "embed"

//go:generate go test -run TestEventSchemasFollowTheTypes . -update

//go:embed openapi.yaml
var openapiYAML []byte

//go:embed asyncapi.yaml
var asyncapiYAML []byte

//go:embed asyncapi-stage.yaml
var asyncapiStageYAML []byte
