package selector

// Schema says which fields a subject has.
type Schema struct {
	// What is selected, for messages: "run" or "job".
	What string
	// Fields in the order in which they are listed.
	Fields []SchemaField
}

// SchemaField is a field of a Schema.
type SchemaField struct {
	// Name in lower case, one of the words that the language has for fields: status, job, location, repository, id, partition,
	// version, snapshot, created, started, ended.
	Name string
	// Doc says what it is, for people, as a phrase.
	Doc string
	// Words are the values that there are, as they are stored; they are typed in any case. Empty means that values are text.
	Words []string
	// Time makes it a time.
	Time bool
	// Beginning makes = mean that the value begins so, as of ids, which are of hex digits in lower case and dashes. At least
	// MinBeginning characters are needed.
	Beginning bool
	// Path makes the value a job's name: "job", "repository/job" or "location/repository/job".
	Path bool
}

// MinBeginning is how many characters of a field with Beginning have to be given.
const MinBeginning = 4
