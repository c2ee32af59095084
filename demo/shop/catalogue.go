package shop

import (
	"slices"
	"strings"
)

// product is something that can be bought.
type product struct {
	Slug    string // its place in addresses
	Name    string
	Group   string
	Summary string // one sentence
	Details []string
	Price   int      // cents
	Sizes   []string // none for what comes in one size
	Stock   int      // pieces at the beginning
}

// catalogue is what the shop sells, in the order of its pages.
var catalogue = []product{
	{
		Slug: "trail-boots", Name: "Trail boots", Group: "Shoes", Price: 12900, Stock: 24,
		Sizes:   []string{"38", "39", "40", "41", "42", "43", "44"},
		Summary: "Waterproof leather boots for long days on stony paths.",
		Details: []string{"Waxed leather with a waterproof lining", "Sole with a deep tread, can be replaced", "610 g each in size 42"},
	},
	{
		Slug: "rain-jacket", Name: "Rain jacket", Group: "Clothing", Price: 8900, Stock: 18,
		Sizes:   []string{"S", "M", "L", "XL"},
		Summary: "A light jacket that keeps the rain out and packs into its own pocket.",
		Details: []string{"Waterproof to 20,000 mm", "Hood that fits over a helmet", "290 g in size M"},
	},
	{
		Slug: "merino-socks", Name: "Merino socks", Group: "Clothing", Price: 1450, Stock: 60,
		Sizes:   []string{"36–39", "40–43", "44–47"},
		Summary: "Soft wool socks with a cushioned heel, dry by the next morning.",
		Details: []string{"72 % merino wool", "Cushioned heel and toe", "Wash at 40 degrees"},
	},
	{
		Slug: "wool-hat", Name: "Wool hat", Group: "Clothing", Price: 2400, Stock: 3,
		Summary: "A knitted hat for cold mornings, warm even when it is wet.",
		Details: []string{"Pure wool, knitted in one piece", "One size", "Wash by hand"},
	},
	{
		Slug: "day-pack", Name: "Day pack", Group: "Packs", Price: 5400, Stock: 15,
		Summary: "A 22 litre pack with room for lunch, a jacket and a map.",
		Details: []string{"22 litres", "Rain cover in the bottom pocket", "780 g"},
	},
	{
		Slug: "steel-bottle", Name: "Steel bottle", Group: "Kitchen", Price: 1990, Stock: 80,
		Summary: "Keeps tea hot for twelve hours and water cold for a day.",
		Details: []string{"0.75 litres", "Double wall of stainless steel", "The lid is a cup"},
	},
	{
		Slug: "enamel-mug", Name: "Enamel mug", Group: "Kitchen", Price: 990, Stock: 120,
		Summary: "A mug that goes over the fire and into the dishwasher.",
		Details: []string{"0.4 litres", "Enamelled steel", "Dishwasher proof"},
	},
	{
		Slug: "pocket-stove", Name: "Pocket stove", Group: "Kitchen", Price: 4200, Stock: 0,
		Summary: "A folding gas stove that boils a litre of water in four minutes.",
		Details: []string{"3,000 watts", "Folds to the size of a fist", "Gas is not included"},
	},
	{
		Slug: "trail-map", Name: "Trail map", Group: "Packs", Price: 1290, Stock: 200,
		Summary: "All marked paths of the Fernway on paper that does not mind rain.",
		Details: []string{"Scale 1 : 25,000", "Waterproof paper", "With 14 day walks"},
	},
	{
		Slug: "camp-lantern", Name: "Camp lantern", Group: "Camp", Price: 3400, Stock: 12,
		Summary: "Warm light for a whole weekend from one charge.",
		Details: []string{"350 lumens, dimmed without steps", "60 hours on the lowest light", "Charged by USB-C"},
	},
	{
		Slug: "walking-poles", Name: "Walking poles", Group: "Camp", Price: 6900, Stock: 30,
		Summary: "A pair of poles that folds to the length of a forearm.",
		Details: []string{"100 to 130 cm", "Cork handles", "430 g for the pair"},
	},
	{
		Slug: "tent-for-two", Name: "Tent for two", Group: "Camp", Price: 21900, Stock: 6,
		Summary: "A tent that stands in five minutes and weighs less than two kilos.",
		Details: []string{"1.9 kg with its pegs", "Two entrances", "Stands without pegs"},
	},
}

func productOf(slug string) (product, bool) {
	i := slices.IndexFunc(catalogue, func(p product) bool { return p.Slug == slug })
	if i < 0 {
		return product{}, false
	}
	return catalogue[i], true
}

// find lists the products that have every word of a query in their name, group or summary, whatever the case.
func find(query string) []product {
	var out []product
	for _, p := range catalogue {
		text := strings.ToLower(p.Name + " " + p.Group + " " + p.Summary)
		if !slices.ContainsFunc(strings.Fields(strings.ToLower(query)), func(word string) bool { return !strings.Contains(text, word) }) {
			out = append(out, p)
		}
	}
	return out
}
