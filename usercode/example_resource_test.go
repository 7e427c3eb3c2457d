package usercode_test

import (
	"context"
	"fmt"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/usertest"
)

type mailConfig struct {
	Server   string          `json:"server"`
	Password usercode.Secret `json:"password" config:"required" jsonschema:"Of the account that sends"`
}

// mailbox is what a mail library might have.
type mailbox struct{ server string }

func (m *mailbox) Send(text string) { fmt.Println("to", m.server, text) }

func (m *mailbox) Close() error { fmt.Println("logged out"); return nil }

var (
	mailAccount = usercode.NewConfig("mail", mailConfig{Server: "mail.example.com"})
	mail        = usercode.NewResource("mail", openMailbox, mailAccount)
	greetOp     = usercode.NewTask("greet", greet, mail)
)

func openMailbox(ctx context.Context) (*mailbox, error) {
	c := mailAccount.From(ctx)
	usercode.Log(ctx).Info("logging in with " + c.Password.Reveal())
	return &mailbox{c.Server}, nil
}

func greet(ctx context.Context) error {
	m, err := mail.From(ctx)
	if err != nil {
		return err
	}
	m.Send("hello")
	return nil
}

func ExampleNewResource() {
	job := usercode.NewJob("greetings", func(g *usercode.Graph) { greetOp(g) })
	result, err := usertest.Run(context.Background(), job, &usertest.Options{
		Config: map[string]any{"mail": mailConfig{Server: "localhost", Password: usertest.Secret("correct horse")}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, log := range result.Logs {
		fmt.Println(log.OpPath, log.Message)
	}
	// Output:
	// to localhost hello
	// logged out
	// greet logging in with ***
}
