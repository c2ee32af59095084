package derive_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tapedeck/workers/cases/derive"
)

// short writes limits as a line.
func short(limits []derive.Limit) string {
	var out []string
	for _, l := range limits {
		s := string(l.Kind)
		switch l.Kind {
		case derive.MinLength, derive.MaxLength, derive.Min, derive.Max:
			s += fmt.Sprintf(" %g", l.Value)
			if l.Unit != "" {
				s += " " + l.Unit
			}
		case derive.Format, derive.Contains:
			s += strings.TrimRight(" "+l.Word+" "+l.Pattern, " ")
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

func TestLimitsAreReadFromSentences(t *testing.T) {
	t.Parallel()
	var wrong []string
	for sentence, want := range map[string]string{
		// English, length
		"A password must be at least 8 characters long.":                         "minLength 8",
		"Passwords have eight characters or more.":                               "minLength 8",
		"The password needs 8 or more characters.":                               "minLength 8",
		"The code must not be shorter than 4 letters.":                           "minLength 4",
		"Minimum length: 3":                                                      "minLength 3",
		"The minimum length of a name is 3.":                                     "minLength 3",
		"A minimum of 10 characters is needed.":                                  "minLength 10",
		"A title has at most 40 characters.":                                     "maxLength 40",
		"The title must not exceed 1,000 characters.":                            "maxLength 1000",
		"Titles may have up to 40 characters.":                                   "maxLength 40",
		"The comment can be no longer than 200 chars.":                           "maxLength 200",
		"Max. 40 characters.":                                                    "maxLength 40",
		"Title (max 40 characters)":                                              "maxLength 40",
		"40 characters or fewer":                                                 "maxLength 40",
		"A title longer than 40 characters is refused.":                          "maxLength 40",
		"If the note has more than 500 characters, it is not saved.":             "maxLength 500",
		"Names shorter than 2 characters are rejected.":                          "minLength 2",
		"The user name must be between 3 and 20 characters.":                     "minLength 3, maxLength 20",
		"The user name has 3 to 20 characters.":                                  "minLength 3, maxLength 20",
		"3–20 characters":                                                        "minLength 3, maxLength 20",
		"The PIN must have exactly 4 digits.":                                    "minLength 4, maxLength 4",
		"The name must be longer than 2 characters.":                             "minLength 3",
		"The name must be shorter than 10 characters.":                           "maxLength 9",
		"**Title** must have at most *40* characters":                            "maxLength 40",
		"Title: at most 40 characters, note: at most 200 characters.":            "maxLength 40, maxLength 200",
		"The password must have at least 8 characters and one number or symbol.": "minLength 8",
		// English, numbers
		"The amount must be between 1 and 10.":     "min 1, max 10",
		"An order holds at most 3 items.":          "max 3 items",
		"At least one item must be in the cart.":   "min 1 item",
		"The discount must not be more than 50 %.": "max 50 %",
		"Quantities over 99 are refused.":          "max 99",
		"The price must be greater than 0.":        "min 1",
		"The age has to be less than 130.":         "max 129",
		"The rate must be at least 0.5.":           "min 0.5",
		"No more than 12 guests per booking.":      "max 12 guests",
		"Files of up to 5 MB can be attached.":     "max 5 mb",
		// English, the rest
		"The title is required.":                             "required",
		"Title and note are mandatory.":                      "required",
		"The note must not be empty.":                        "required",
		"A delivery address must be provided.":               "required",
		"A note needs a text.":                               "required",
		"An amount has to be entered.":                       "required",
		"The phone number is optional.":                      "optional",
		"The phone number is not required.":                  "optional",
		"The comment may be left blank.":                     "optional",
		"It must be a valid e-mail address.":                 "format email",
		"Enter a valid URL.":                                 "format url",
		"The quantity must be a whole number.":               "format number",
		"The code has digits only.":                          "format number",
		"The code must match the pattern `[A-Z]{3}-\\d{4}`.": "format pattern [A-Z]{3}-\\d{4}",
		"The user name must be unique.":                      "unique",
		"An error says that the name is already taken.":      "unique",
		"Both passwords must match.":                         "same",
		"The password must contain at least one digit and at least one upper-case letter.": "contains digit, contains upper",
		"It must have at least one special character.":                                     "contains special",
		"The title is required and must not exceed 40 characters.":                         "required, maxLength 40",
		// German
		"Das Passwort muss mindestens 8 Zeichen lang sein.": "minLength 8",
		"Der Titel darf höchstens 40 Zeichen haben.":        "maxLength 40",
		"Der Titel darf maximal 40 Zeichen lang sein.":      "maxLength 40",
		"Der Titel darf nicht länger als 40 Zeichen sein.":  "maxLength 40",
		"Titel mit mehr als 40 Zeichen werden abgelehnt.":   "maxLength 40",
		"Bis zu 1.000 Zeichen sind möglich.":                "maxLength 1000",
		"Der Name hat 3 bis 20 Zeichen.":                    "minLength 3, maxLength 20",
		"Die Menge muss zwischen 1 und 10 liegen.":          "min 1, max 10",
		"Höchstens drei Artikel.":                           "max 3 artikel",
		"Die PIN besteht aus genau vier Ziffern.":           "minLength 4, maxLength 4",
		"Der Titel ist ein Pflichtfeld.":                    "required",
		"Der Titel darf nicht leer sein.":                   "required",
		"Die Anschrift muss angegeben werden.":              "required",
		"Die Telefonnummer ist optional.":                   "optional",
		"Die Telefonnummer ist kein Pflichtfeld.":           "optional",
		"Es muss eine gültige E-Mail-Adresse sein.":         "format email",
		"Der Name muss eindeutig sein.":                     "unique",
		"Die Passwörter müssen übereinstimmen.":             "same",
		"Nur Ziffern sind erlaubt.":                         "format number",
		"Das Passwort enthält mindestens eine Ziffer.":      "contains digit",
		"Mehr als 99 Stück sind nicht möglich.":             "max 99 stück",
		// Nothing that bounds a value
		"The cart must keep its items.":                "",
		"Users are required to log in.":                "",
		"More than 100 customers use it.":              "",
		"Version 2.5 was released in 2024.":            "",
		"Call 0800 123456.":                            "",
		"The list shows what is longer than the page.": "",
		"The page has less than it had.":               "",
		"Klicken Sie auf Speichern.":                   "",
	} {
		if got := short(derive.Limits(sentence)); got != want {
			wrong = append(wrong, fmt.Sprintf("%s\n\twant %s\n\tgot  %s", sentence, want, got))
		}
	}
	require.Empty(t, wrong, strings.Join(wrong, "\n"))
}

func TestALimitKnowsItsClause(t *testing.T) {
	t.Parallel()
	limits := derive.Limits("Fill it in. The title has at most 40 characters, the note at most 200 characters. Save it.")
	require.Len(t, limits, 2)
	require.Equal(t, "The title has at most 40 characters", limits[0].Clause)
	require.Contains(t, limits[1].Clause, "the note")
	require.NotContains(t, limits[1].Clause, "title")
	require.Equal(t, "The title has at most 40 characters, the note at most 200 characters.", limits[1].Sentence)
}

func TestLimitsAreReadFromTables(t *testing.T) {
	t.Parallel()
	for row, want := range map[string][2]string{
		"| Title | yes | 40 | | must be unique |": {"Title", "required, maxLength 40, unique"},
		"| Note | no | 200 | | |":                 {"Note", "optional, maxLength 200"},
		"| Amount | x | | 1-10 | |":               {"Amount", "required, min 1, max 10"},
		"| Who \\| what | | | | |":                {"Who | what", ""},
	} {
		subject, limits := derive.RowLimits("Fields › Field | Required | Max. length | Range | Notes", row)
		require.Equal(t, want[0], subject, row)
		require.Equal(t, want[1], short(limits), row)
	}
	subject, limits := derive.RowLimits("", "| Title | yes |")
	require.Empty(t, subject)
	require.Empty(t, limits, "without a head nobody knows what yes means")
}

// TestAnyTextCanBeRead: ingested texts are anything; limits stay within them.
func TestAnyTextCanBeRead(t *testing.T) {
	t.Parallel()
	part := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"at least", " 8 ", "characters", "between", "and", "\n", ". ", "|", "\\|", "999999999999999999999999", "1,2,3", "max.", "is required", "`(`", "must match the pattern \"(((\"",
	}))
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(part, 0, 30).Draw(t, "parts"), rapid.SampledFrom([]string{"", " "}).Draw(t, "between"))
		for _, l := range derive.Limits(text) {
			require.Contains(t, l.Sentence, l.Clause)
		}
		derive.RowLimits(text, text)
	})
}
