package shop

import (
	"net/http"
	"regexp"
	"strings"
)

// postcodes are how postcodes look in each country.
var postcodes = map[string]struct {
	pattern *regexp.Regexp
	wrong   string
	days    string
}{
	"Germany":     {regexp.MustCompile(`^[0-9]{5}$`), "A postcode in Germany has five digits.", "2 to 3 working days"},
	"Austria":     {regexp.MustCompile(`^[0-9]{4}$`), "A postcode in Austria has four digits.", "3 to 4 working days"},
	"Switzerland": {regexp.MustCompile(`^[0-9]{4}$`), "A postcode in Switzerland has four digits.", "4 to 6 working days"},
}

// countries are where the shop delivers to; the first is where it is.
var countries = []string{"Germany", "Austria", "Switzerland"}

// estimate is the page in the frame that says what delivery costs.
type estimate struct {
	Countries         []string
	Country, Postcode string
	Fault             string
	Offers            []offer
}

type offer struct{ Method, Price, Days string }

func (s *Shop) delivery(w http.ResponseWriter, r *http.Request) {
	e := estimate{Countries: countries, Country: r.FormValue("country"), Postcode: strings.TrimSpace(r.FormValue("postcode"))}
	status := http.StatusOK
	switch rule, ok := postcodes[e.Country]; {
	case e.Country == "" && e.Postcode == "": // nothing was asked yet
		e.Country = countries[0]
	case !ok:
		e.Fault, status = "Choose a country.", http.StatusUnprocessableEntity
	case !rule.pattern.MatchString(e.Postcode):
		e.Fault, status = rule.wrong, http.StatusUnprocessableEntity
	default:
		e.Offers = []offer{
			{"Standard", money(deliveryCost(false, e.Country, 0)), rule.days},
			{"Express", money(deliveryCost(true, e.Country, 0)), "next working day"},
		}
	}
	s.bare(w, status, "delivery", "What delivery costs", e)
}
