from . import res_partner_category
from . import res_partner_industry
