// Package typescript writes recordings as Playwright Test projects in TypeScript. What it writes is made of parsed locators
// and quoted texts: nothing of a page, a name or an imported recording becomes code.
package typescript
