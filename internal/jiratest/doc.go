// Package jiratest is a stand-in for Jira in tests: a real HTTP server that
// answers as Atlassian documents it for Cloud (REST v3) and Data Center (REST
// v2), as far as a reader goes. It holds issues, comments, files and fields that
// a test puts in, understands a part of JQL (project, key, status, created,
// updated, AND, OR, ORDER BY), and fails as it is told to.
package jiratest
