package shop

import "fmt"

// What delivery costs, in cents. Standard delivery is free from freeFrom on.
const (
	standardCost = 490
	expressCost  = 990
	freeFrom     = 6000
)

// money writes cents as a price.
func money(cents int) string {
	sign := ""
	if cents < 0 {
		sign, cents = "−", -cents
	}
	return fmt.Sprintf("%s€%d.%02d", sign, cents/100, cents%100)
}
