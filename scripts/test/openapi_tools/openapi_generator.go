// The client of openapi-generator's `go` creates, reads, changes and deletes a record.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"

	"gateway"
)

func must[T any](value T, _ *http.Response, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	settings := gateway.NewConfiguration()
	settings.Servers = gateway.ServerConfigurations{{URL: os.Getenv("GATEWAY")}}
	keys := map[string]gateway.APIKey{"ApiKey": {Key: os.Getenv("KEY")}}
	ctx := context.WithValue(context.Background(), gateway.ContextAPIKeys, keys)
	api := gateway.NewAPIClient(settings).ResPartnerAPI

	values := gateway.NewResPartnerValues()
	values.SetName("Generated Client")
	values.SetEmail("go@example.com")
	values.SetPhone("+32 2 290 34 00")
	body := gateway.ResPartnerCreateRequest{ResPartnerValues: values}
	id := must(api.ResPartnerCreate(ctx).ResPartnerCreateRequest(body).Execute()).Data.ResPartner.Id

	changes := gateway.NewResPartnerValues()
	changes.SetPhone("+32 2 290 34 90")
	must(api.ResPartnerPatch(ctx, id).ResPartnerValues(*changes).Execute())
	read := must(api.ResPartnerRead(ctx, id).Execute()).Data
	filter := map[string]string{"email": "go@example.com"}
	listed := must(api.ResPartnerList(ctx).Filter(filter).Count("exact").Execute())
	must(api.ResPartnerDelete(ctx, id).Execute())
	_, gone, err := api.ResPartnerRead(ctx, id).Execute()
	if gone == nil {
		panic(err)
	}

	told := map[string]any{"name": read.GetName(), "phone": read.GetPhone(), "total": listed.Meta.GetTotal(), "gone": gone.StatusCode}
	line, _ := json.Marshal(told)
	fmt.Println(string(line))
}
