// The client of openapi-generator's `java` creates, reads, changes and deletes a record.

import java.util.Map;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.JSON;
import org.openapitools.client.api.ResPartnerApi;
import org.openapitools.client.model.ResPartner;
import org.openapitools.client.model.ResPartnerCreateRequest;
import org.openapitools.client.model.ResPartnerValues;

public class OpenApiGenerator {
    public static void main(String[] args) throws ApiException {
        ApiClient client = new ApiClient().setBasePath(System.getenv("GATEWAY"));
        client.setApiKey(System.getenv("KEY"));
        ResPartnerApi api = new ResPartnerApi(client);

        ResPartnerValues values = new ResPartnerValues();
        values.name("Generated Client").email("java@example.com").phone("+32 2 290 34 00");
        ResPartnerCreateRequest body = new ResPartnerCreateRequest(values);
        Integer id = api.resPartnerCreate(body, null, null, null, null, null, null).getData().getResPartner().getId();

        ResPartnerValues changes = new ResPartnerValues().phone("+32 2 290 34 90");
        api.resPartnerPatch(id, changes, null, null, null, null, null, null);
        ResPartner read = api.resPartnerRead(id, null, null, null, null, null).getData();
        // It sends `filter` without its brackets.
        String domain = "[[\"email\", \"=\", \"java@example.com\"]]";
        Integer total =
                api.resPartnerList(domain, null, null, null, null, null, null, "exact", null, null, null, null).getMeta().getTotal();
        api.resPartnerDelete(id, null, null, null, null, null);
        int gone = 200;
        try {
            api.resPartnerRead(id, null, null, null, null, null);
        } catch (ApiException missing) {
            gone = missing.getCode();
        }

        Map<String, Object> told = Map.of("name", read.getName(), "phone", read.getPhone(), "total", total, "gone", gone);
        System.out.println(JSON.getGson().toJson(told));
    }
}
