package shop

import "fmt"

// What delivery costs, in cents. Standard delivery is free from freeFrom on, but for what other countries cost more.
const (
	standardCost = 490
	expressCost  = 990
	abroadCost   = 500
	freeFrom     = 6000
)

// deliveryCost is the price of a delivery for products of a price, in cents.
func deliveryCost(express bool, country string, subtotal int) int {
	cost := 0
	switch {
	case express:
		cost = expressCost
	case subtotal < freeFrom:
		cost = standardCost
	}
	if country != "" && country != countries[0] {
		cost += abroadCost
	}
	return cost
}

// money writes cents as a price.
func money(cents int) string {
	sign := ""
	if cents < 0 {
		sign, cents = "−", -cents
	}
	return fmt.Sprintf("%s€%d.%02d", sign, cents/100, cents%100)
}
