package twin

// pairs says for each two letters how much more often the second follows the first in words of people and programs than
// by chance: 0 stands for 1/16, 9 for 8 times, by the base 2 logarithm between. Counted in source code and its documentation.
var pairs = [26]string{
	"04660250503767050768442340", "72328100661731700660800050", "70307107406600900537500010", "72169240700521710563500040",
	"62664420100557145876143530", "70216620800530800625700040", "50009036800515500564500001", "80009000700020600418600010",
	"43555440002669740567040303", "70008005400000922090432000", "73149331800106420061500000", "72069100811700720055510050",
	"85029030722550671043410000", "60777380503303640078430030", "35562340213578450855645200", "80038002500651760777510010",
	"00000000000500100004900000", "61449240703445700666530040", "50518005602312650279522040", "60408108700220660766602250",
	"46427440600658050877100000", "90009050700000400000100000", "70017028801406720661005010", "71516200700250180239000050",
	"43414200452657890477225000", "71429021701520600130400045",
}

// spoken is how much more likely a word of letters and digits is one of a language or a program than one drawn at random,
// in bits: the letters follow each other as they do in words, digits stand together, capitals at the beginning.
func spoken(word string) float64 {
	const switches, together, camel = -2, 1, -1
	sum := 0.0
	for i := 1; i < len(word); i++ {
		a, b := word[i-1], word[i]
		switch {
		case isDigit(a) && isDigit(b):
			sum += together
		case isDigit(a) != isDigit(b):
			sum += switches
		default:
			sum += float64(pairs[a|0x20-'a'][b|0x20-'a']-'0')*7/9 - 4
			if a >= 'a' && b < 'a' {
				sum += camel
			}
		}
	}
	return sum
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
