package launch

import (
	"strings"
	"testing"
)

// secretConfigs is what the SDK makes of a config with secrets, and what another might.
const secretConfigs = `{"type":"object","additionalProperties":false,"properties":{"config":{"type":"object","additionalProperties":false,"properties":{
	"db":{"type":"object","additionalProperties":false,"required":["token"],"properties":{
		"host":{"type":"string","default":"localhost"},
		"password":{"type":["null","object"],"writeOnly":true,"default":null,"properties":{"env":{"type":"string","pattern":"^[A-Z_]+$"}},"required":["env"],"additionalProperties":{"not":{}}},
		"token":{"$ref":"#/$defs/secret"},
		"list":{"type":"array","items":{"$ref":"#/$defs/secret"}},
		"map":{"type":"object","additionalProperties":{"$ref":"#/$defs/secret"}},
		"either":{"anyOf":[{"type":"null"},{"type":"integer"},{"$ref":"#/$defs/secret"}]},
		"word":{"type":"string","writeOnly":true,"enum":["a","b"]}
	}}}}},
	"$defs":{"secret":{"type":"object","writeOnly":true,"properties":{"env":{"type":"string"}},"required":["env"],"additionalProperties":false}}}`

func TestSecretsAreNotRepeated(t *testing.T) {
	s := mustCompile(t, secretConfigs)
	for name, c := range map[string]struct{ text, want string }{
		"Text":           {"config: {db: {password: hunter2}}", "config.db.password: " + onlyReference},
		"Quoted":         {"config: {db: {password: 'hunter2'}}", "config.db.password: " + onlyReference},
		"JSON":           {`{"config":{"db":{"password":"hunter2"}}}`, "config.db.password: " + onlyReference},
		"Number":         {"config: {db: {password: 70771122}}", "config.db.password: " + onlyReference},
		"ByReference":    {"config: {db: {token: hunter2}}", "config.db.token: " + onlyReference},
		"List":           {"config: {db: {list: [{env: A}, hunter2]}}", "config.db.list[1]: " + onlyReference},
		"Map":            {"config: {db: {map: {a: hunter2}}}", "config.db.map.a: " + onlyReference},
		"Key":            {"config: {db: {password: {hunter2: 1, env: A}}}", "config.db.password: " + onlyReference},
		"Inside":         {"config: {db: {password: {env: hunter2-}}}", "config.db.password: " + onlyReference},
		"Deep":           {"config: {db: {password: {env: [hunter2]}}}", "config.db.password: " + onlyReference},
		"Either":         {"config: {db: {either: hunter2}}", "config.db.either: " + onlyReference},
		"Enum":           {"config: {db: {word: hunter2}}", "config.db.word: " + onlyReference},
		"Above":          {"config: {db: hunter2}", "config.db: it is text; it must be an object"},
		"AboveList":      {"config: {db: {list: hunter2}}", "config.db.list: it is text; it must be a list"},
		"AboveNumber":    {"config: {db: 70771122}", "config.db: it is a number; it must be an object"},
		"Missing":        {"config: {db: {}}", "config.db.token: it is missing: a reference such as {env: DB_PASSWORD}"},
		"Alias":          {"config:\n  db:\n    password: *hunter2\n", "this cannot be read; put text in quotes"},
		"Tag":            {"config:\n  db:\n    password: !hunter2 x\n", "this cannot be read; put text in quotes"},
		"TaggedNumber":   {"config:\n  db:\n    password: !!int hunter2\n", "this cannot be read; put text in quotes"},
		"EndlessNumber":  {"config:\n  db:\n    password: 70771122e999\n", "this cannot be read; put text in quotes"},
		"LongNumber":     {"config:\n  db:\n    password: " + strings.Repeat("70771122", 100) + "\n", "this cannot be read; put text in quotes"},
		"JSONNumber":     {`{"config":{"db":{"password":70771122e999}}}`, "this cannot be read; put text in quotes"},
		"NotAnObject":    {"hunter2", "this cannot be read; put text in quotes"},
		"OtherField":     {"config: {db: {token: {env: A}, host: 12345678}}", `write "12345678", with the quotes`}, // no secret
		"OtherSyntax":    {"config: {db: [}", ""},
		"DuplicateKey":   {"config: {db: {token: {env: A}, token: hunter2}}", ""},
		"TwoDocuments":   {"config: {}\n---\nhunter2", ""},
		"ControlLetters": {"config: {db: {password: \"hunter2\x01\"}}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, problems := checkConfig(s, c.text)
			if got != nil {
				t.Fatalf("it is taken: %s", got.json)
			}
			text := strings.Join(lines(problems), "\n")
			for _, p := range problems {
				text += "\n" + p.Path + ": " + p.Message
			}
			if strings.Contains(text, "hunter2") || strings.Contains(text, "70771122") || !strings.Contains(text, c.want) {
				t.Errorf("want %q in %s", c.want, text)
			}
		})
	}
}

func TestSecretReferencesAreTaken(t *testing.T) {
	s := mustCompile(t, secretConfigs)
	got, problems := checkConfig(s, "config: {db: {token: {env: DB_TOKEN}, list: [{env: A}], map: {a: {env: B}}, either: {env: C}}}")
	if len(problems) > 0 {
		t.Fatal(lines(problems))
	}
	const want = `{"config":{"db":{"either":{"env":"C"},"host":"localhost","list":[{"env":"A"}],"map":{"a":{"env":"B"}},"password":null,"token":{"env":"DB_TOKEN"}}}}`
	if string(got.json) != want {
		t.Errorf("got %s", got.json)
	}
}
